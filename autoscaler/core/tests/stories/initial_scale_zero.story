# An initial scale of zero: initialized and idle without any pod.
config allow-zero-initial-scale true
annotation initial-scale 0
pods start 20ms
start replicas=0
wait 10m
poke 1
wait 1s
