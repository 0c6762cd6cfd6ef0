"""The case catalogue of the domain, one test for each case, named after its id (`test_c1_...`)."""
