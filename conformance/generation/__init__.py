"""Sources of cases.

=================  =================================================================================
``factors``        factors, their levels, and which combinations of levels can exist
``corpus``         the committed covering array, ``corpus.txt``
``generate``       the cases of a profile: corpus, kept cases, draws by Hypothesis
``seeded_backend`` a Hypothesis backend whose draws depend on the seed alone
``kept_cases``     cases that users keep
``coverage``       the pairs and triples of levels that a run has covered
``shards``         parts of a run's cases
=================  =================================================================================
"""
