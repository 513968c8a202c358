# The weighted average follows a step faster than the linear one.
annotation metric-aggregation-algorithm weighted-exponential
annotation target 10
annotation target-utilization-percentage 100
pods start 1s
start replicas=1 ready=1 initialized phase=Active
load 10 for 60s
load 19 for 20s
load 5 for 40s
