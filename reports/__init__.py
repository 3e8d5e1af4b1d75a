"""What becomes of a run: the folder it leaves behind and the words it ends with.

A run yields one :class:`~judging.verdicts.Record` per case, implementation and check.
From those come::

    dataset.py        records.parquet, one row per record, and load_run(), which reads it back
    summary.py        counts, the smallest failing cases, the certificate of the exact passes
    folder.py         the run's folder: run.json, divergences.json, and render() for the rest
    html.py           index.html: one offline page
    junit.py          junit.xml, for a CI service
    markdown.py       the summary of a CI job
    terminal.py       the tables at the end of a run
    strict_json.py    JSON that every reader accepts, and ``--format json``

They share ``schema.py`` (what run.json and divergences.json must look like; files from strangers
are only data), ``wording.py`` (verdicts in symbols and words), ``arrays.py`` (nested lists as
tables) and ``text.py`` (strings from frameworks made harmless).

``run.json`` and ``divergences.json`` are the source of every page: whatever a page says can be made
again from the two, and ``conformance report`` does.
"""
