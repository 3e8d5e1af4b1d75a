"""What a run leaves behind: its folder, and the summary at its end.

A run yields one :class:`~judging.verdicts.Record` per case, implementation and check.

==================  =======================================================================
``store``           journal, records.parquet, run.json, divergences.json
``pages``           index.html, junit.xml, Markdown, terminal, and the words they share
``scripts``         reproduction scripts and their execution
``divergences``     causes as plain data
``grouping``        joins the entries of a cause that several implementations share
``diff``            the comparison of two runs
``render``          rewrites the pages of a run
==================  =======================================================================

Pages contain only what run.json and divergences.json contain, so ``conformance report`` can rewrite them.
"""
