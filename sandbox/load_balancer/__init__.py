"""The stand-in of the internal Application Load Balancer and of what attaches pods to it.

It serves the listeners, rules and target groups that the AWS endpoint describes, on the sandbox's
load-balancer address, and registers the pods that TargetGroupBindings name.
"""
