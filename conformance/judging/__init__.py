"""What an answer is worth.

==============  ====================================================================================
``verdicts``    the closed set of verdicts, checks and records
``answers``     what a worker said, checked before it is believed
``judge``       records from an answer, the reference and the documents' meaning
==============  ====================================================================================
"""
