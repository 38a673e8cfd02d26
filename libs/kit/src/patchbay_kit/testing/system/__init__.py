"""The whole system in a test: the embedded hub or a cluster of role processes, as one interface.

Test bodies take a `System` and run on both forms. Everything here is synchronous on purpose: the
system under test lives in processes of its own, and a test has nothing to do but wait for it.
"""
