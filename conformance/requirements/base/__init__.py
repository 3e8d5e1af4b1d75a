"""The parts of every requirement.

==================  ================================================================================
``requirement``     requirements, their documents, results and verdicts
``trial``           one trial and its five possible verdicts
``probe``           the prober: asks one implementation for a check
``answer_checks``   checks that an answer has the arrays that requirements compute with
``reading_fit``     fits observed geometries to the named readings of a padding
``expressions``     finds the shortest formula that gives observed numbers
``comparing``       asks for required results, and compares them with expected arrays
==================  ================================================================================
"""
