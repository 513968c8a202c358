# The same with a single pod, which would otherwise look long idle.
start replicas=1 ready=1 initialized phase=Active
wait 5m
