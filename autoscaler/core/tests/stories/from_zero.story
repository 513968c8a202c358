# One request at zero: a pod is wanted at once, and everything is back at zero after the stable window.
pods start 20ms
start initialized phase=Idle
poke 1
load 1 for 1s
wait 5m
