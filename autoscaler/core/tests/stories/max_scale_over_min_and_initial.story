# max-scale bounds initial-scale too.
annotation initial-scale 5
annotation max-scale 3
pods start 100ms
start replicas=5
wait 3m
