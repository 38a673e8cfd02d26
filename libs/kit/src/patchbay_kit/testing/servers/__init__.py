"""Private servers of a test run: on 127.0.0.1, on free ports, gone when the run is."""
