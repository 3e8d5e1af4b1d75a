"""Requirements: numbered statements with a source, each checked by running code.

================================  ==============================================================
``catalogue``                     has all requirements by id, and chooses among them
``examine``                       asks the frameworks about probed requirements, after the cases
``tally``                         decides judged requirements from a run's records
``attribution``                   says whose fault a failing statement is
``drift``                         tells installed docstrings from those that statements were written for
``base``                          the parts of every requirement
``base.requirement``              requirements, their documents, results and verdicts
``base.trial``                    one trial and its five possible verdicts
``base.probe``                    the prober: asks one implementation
``base.answer_checks``            checks the arrays of a prober's answers
``base.reading_fit``              fits observed geometries to named readings of a padding
``base.expressions``              finds the shortest formula that gives observed numbers
``base.comparing``                compares an answer with expected arrays
``documents``                     claims of reference pages and articles
``documents.page``                makes the requirements of a document
``documents.torch_1d``            page of ``torch.nn.ConvTranspose1d``
``documents.torch_2d_reference``  page of ``torch.nn.ConvTranspose2d``
``documents.torch_functional``    pages of ``torch.nn.functional.conv_transpose1d/2d``
``documents.torch_2d``            article about ``torch.nn.ConvTranspose2d``
``documents.torch_family``        claims shared by the pages of PyTorch and R torch
``documents.r_1d``                page of R torch's ``nn_conv_transpose1d``
``documents.r_2d``                page of R torch's ``nn_conv_transpose2d``
``documents.r_functional``        pages of R torch's ``nnf_conv_transpose1d/2d``
``documents.paddle_1d``           page of ``paddle.nn.Conv1DTranspose``
``documents.paddle_2d``           pages of ``paddle.nn.Conv2DTranspose``
``documents.paddle_functional``   pages of ``paddle.nn.functional.conv1d/2d_transpose``
``documents.paddle_family``       claims shared by the pages of PaddlePaddle
``documents.mindspore_1d``        page of ``mindspore.nn.Conv1dTranspose``
``documents.mindspore_2d``        page of ``mindspore.nn.Conv2dTranspose``
``documents.mindspore_family``    claims shared by the pages of ``mindspore.nn``
``documents.mint_2d``             page of ``mindspore.mint.nn.ConvTranspose2d``
``properties``                    properties that every API must have
``properties.acceptance``         valid calls work, with any memory layout
``properties.connections``        connections of input and output channels
``properties.counterpart``        pairs of a layer and a function
``properties.derivatives``        first, second and forward-mode derivatives
``properties.devices``            arithmetic that only some devices have
``properties.dtypes``             accepted dtypes, results and accumulation
``properties.examples``           shapes and values that documents print
``properties.initial``            initial values of a layer's parameters
``properties.invariances``        changes of a call that must not change its result
``properties.layouts``            layouts of the weight and the bias of a function
``properties.output_sizes``       output sizes, and the effect of arguments on them
``properties.parameter_sets``     the few parameter sets of probed requirements
``properties.parameters``         a layer's parameters: names, shapes, dtypes
``properties.relations``          algebraic relations between results
``properties.signatures``         documented arguments of each API
``properties.special``            NaN, infinities, signed zeros, subnormals
``properties.spellings``          spellings of an argument: number, list, tuple
``properties.uniform``            test of a uniform distribution
``properties.words``              rules and effects of the paddings "same" and "valid"
``refusals``                      invalid calls
``refusals.invalid_call``         makes invalid calls and judges their answers
``refusals.messages``             quality of the messages of refusals
``refusals.numbers``              invalid numbers
``refusals.options``              invalid output sizes, words and switches
``refusals.raising``              claims that a kind of exception is raised
``refusals.tensors``              tensors that do not fit
================================  ==============================================================

Modules of ``documents``, ``properties`` and ``refusals`` list their requirements as ``REQUIREMENTS``; a new
requirement is an entry there, with its check.  A requirement is *judged*, from the records of a run's cases,
or *probed*, by calls of its own.
"""
