"""Requirements: numbered statements with a source, each checked by running code.

=============================  ==============================================================
``catalogue``                  has all requirements by id, and chooses among them
``examine``                    asks the frameworks about probed requirements, after the cases
``tally``                      decides judged requirements from a run's records
``attribution``                says whose fault a failing requirement is
``base``                       the parts of every requirement
``base.requirement``           requirements, their documents, results and verdicts
``base.trial``                 one trial and its five possible verdicts
``base.probe``                 the prober: asks one implementation
``base.answer_checks``         checks the arrays of a prober's answers
``base.comparing``             compares an answer with expected arrays
``documents``                  claims of reference pages and articles
``documents.page``             makes the requirements of a document
``documents.torch_1d``         page of ``torch.nn.ConvTranspose1d``
``documents.torch_2d``         article about ``torch.nn.ConvTranspose2d``
``documents.torch_family``     claims shared by the pages of PyTorch and R torch
``documents.r_1d``             page of R torch's ``nn_conv_transpose1d``
``documents.paddle_1d``        page of ``paddle.nn.Conv1DTranspose``
``documents.mint_2d``          page of ``mindspore.mint.nn.ConvTranspose2d``
``properties``                 properties that every API must have
``properties.acceptance``      valid calls work, with any memory layout
``properties.connections``     connections of input and output channels
``properties.counterpart``     pairs of a layer and a function
``properties.derivatives``     first, second and forward-mode derivatives
``properties.devices``         arithmetic that only some devices have
``properties.dtypes``          accepted dtypes, results and accumulation
``properties.initial``         initial values of a layer's parameters
``properties.invariances``     changes of a call that must not change its result
``properties.output_sizes``    output sizes, and the effect of arguments on them
``properties.parameter_sets``  the few parameter sets of probed requirements
``properties.parameters``      a layer's parameters: names, shapes, dtypes
``properties.relations``       algebraic relations between results
``properties.signatures``      documented arguments of each API
``properties.special``         NaN, infinities, signed zeros, subnormals
``properties.spellings``       spellings of an argument: number, list, tuple
``properties.uniform``         test of a uniform distribution
``refusals``                   invalid calls
``refusals.invalid_call``      makes invalid calls and judges their answers
``refusals.messages``          quality of the messages of refusals
``refusals.numbers``           invalid numbers
``refusals.options``           invalid output sizes, words and switches
``refusals.tensors``           tensors that do not fit
=============================  ==============================================================

Modules of ``documents``, ``properties`` and ``refusals`` list their requirements as ``REQUIREMENTS``; a new
requirement is an entry there, with its check.  A requirement is *judged*, from the records of a run's cases,
or *probed*, by calls of its own.
"""
