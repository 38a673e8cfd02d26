"""The parts that Patchbay's services share."""
