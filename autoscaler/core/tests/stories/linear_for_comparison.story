# The same load as in the story of the weighted average.
annotation target 10
annotation target-utilization-percentage 100
pods start 1s
start replicas=1 ready=1 initialized phase=Active
load 10 for 60s
load 19 for 20s
load 5 for 40s
