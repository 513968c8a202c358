# initial-scale must be reached once; after that the count may shrink.
annotation initial-scale 3
start replicas=3
wait 1s
ready 2
wait 1s
ready 3
wait 1s
ready 1
wait 2m
