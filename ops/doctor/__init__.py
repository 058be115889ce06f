"""What is wrong with a stack that runs: one small check for each thing that can be."""
