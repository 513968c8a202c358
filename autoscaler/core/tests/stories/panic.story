# Load that doubles starts a panic: the short window leads, and nothing is taken away for a stable window.
annotation target 10
annotation target-utilization-percentage 100
pods start 1s
start replicas=1 ready=1 initialized phase=Active
load 8 for 60s
load 60 for 20s
load 8 for 90s
