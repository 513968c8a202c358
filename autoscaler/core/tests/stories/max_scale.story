# max-scale bounds a burst, however many wait.
annotation max-scale 5
limit 1
pods start 100ms
start initialized phase=Idle
poke 100
load 100 for 10s
wait 3m
