"""A second region for a sandbox: another sandbox, with an AWS of its own.

moto stores what a program wants copied between regions, and copies secrets only. So the sandbox
copies what AWS would (:mod:`.copies`), and can lose a region whole (:mod:`.loss`).
"""
