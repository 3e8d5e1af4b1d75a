"""Requirements: numbered statements with a source, each checked by running.

=================  ==========================================================================================
``requirement``    what a requirement is, what is found of it, and how findings add up to a verdict
``documents``      the documents that statements are taken from
``prober``          one implementation to be asked: calls under options, and the probes of ``adapters.probe``
``page``           a document as the maker of the requirements that state its claims
``parameter_sets``  the few parameter sets that probing requirements are tried on
``catalogue``      all of them, by id, and how they are chosen
``uniform``        whether numbers were drawn from a uniform distribution
``tally``          those that a run's records decide
``examine``        those that ask the frameworks themselves, after the cases
=================  ==========================================================================================

``connections``, ``devices``, ``initial``, ``output_sizes``, ``shared_words``, ``spellings`` and ``results``
hold what several documents' claims share; ``attempts`` and ``counterpart`` what the suite's own requirements
share; ``interfaces`` has each API's documented arguments, for all of them; ``conclude`` puts a run's results
together.  Every other module holds the requirements of one subject or document as ``REQUIREMENTS``; a new one
is an entry there, with its check.  A requirement is *judged*, from the records of a run's cases, or *probed*,
by calls of its own.
"""
