# Pods that never become ready are given up after the progress deadline and half a minute, once nobody waits.
start initialized phase=Idle
poke 1
wait 20m
poke 1
wait 1s
