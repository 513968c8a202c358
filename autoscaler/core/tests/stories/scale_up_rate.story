# max-scale-up-rate: a factor over the pods that are ready.
config max-scale-up-rate 2
limit 1
pods start 1s
start initialized phase=Idle
poke 20
load 20 for 10s
