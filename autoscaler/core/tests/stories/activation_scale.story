# activation-scale: the first request brings five pods, and any load keeps them.
annotation activation-scale 5
annotation window 10s
pods start 100ms
start initialized phase=Idle
poke 1
load 1 for 3s
wait 2m
