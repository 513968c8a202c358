# A single request that finds the pods busy for a moment does not start a pod among many.
limit 1
pods start 100ms
start replicas=5 ready=5 initialized phase=Active
load 3 for 90s
poke 1 5
load 3 for 5s
