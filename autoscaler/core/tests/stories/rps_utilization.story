# target and target-utilization-percentage for arrivals.
annotation metric rps
annotation target 100
annotation target-utilization-percentage 50
pods start 100ms
start replicas=1 ready=1 initialized phase=Active
load 5 for 30s rate=400
