"""Where cases come from.

=================  =================================================================================
``factors``        the parameters' levels, and which combinations the corpus covers
``corpus``         the committed covering array, ``corpus.txt``
``generate``       the cases of a profile: corpus, kept cases, Hypothesis' draws
``seeded_backend`` a Hypothesis backend whose draws depend on the seed alone
``kept_cases``     the cases that a user keeps
``coverage``       which pairs and triples of levels a run has seen
``shards``         a run's cases cut into parts
=================  =================================================================================
"""
