# Twenty users for ten minutes with a limit of one: one climb, then silence.
limit 1
pods start 300ms
start initialized phase=Idle
poke 20
load 20 for 10m
