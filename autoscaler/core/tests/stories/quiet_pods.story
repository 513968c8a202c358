# The same load with an orderly end: the silence counts as zeros and the count falls while the window slides.
annotation target 10
annotation target-utilization-percentage 100
pods start 100ms
start replicas=1 ready=1 initialized phase=Active
load 30 for 90s
wait 3m
