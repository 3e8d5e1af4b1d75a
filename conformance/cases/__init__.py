"""Cases and the meaning of their parameters.

==============  ====================================================================================
``case``        one configuration of the operator with its data recipe
``case_id``     reads the id of a case
``tensors``     the numbers that a recipe makes
``meaning``     what documents demand of a call: a geometry, a refusal, or nothing
``readings``    what public definitions make of a padding in words
``products``    which elements of input, weight and output meet in a product
``condition``   conditions on parameters, in reports and in the file of expectations
==============  ====================================================================================
"""
