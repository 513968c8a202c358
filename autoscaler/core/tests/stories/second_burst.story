# Pods that were started for a burst serve the next one within a stable window.
limit 1
pods start 300ms
start initialized phase=Idle
poke 10
load 10 for 5s
wait 30s
poke 10
load 10 for 5s
wait 5m
