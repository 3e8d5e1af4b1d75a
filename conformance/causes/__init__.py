"""Why calls fail.

=====================  =============================================================================
``failures``           sorts a run's failing calls by kind of failure
``condition_search``   finds the shortest condition that separates failing calls from passing ones
``refine``             asks a framework about cases on which candidate conditions disagree
``shrink``             finds the smallest case that still fails
``one_hot``            finds a single wrong product with one-hot tensors
``fault_match``        finds the fault models that answer as the framework did
``worked_example``     spells out the sum behind one wrong element
``follow_up``          asks a worker about further cases after a run
``cause``              holds one cause: condition, smallest case, one-hot probe, fault
``explainer``          finds the causes of one implementation's failing calls
``find``               finds the causes in a run's records, with targets in parallel
=====================  =============================================================================
"""
