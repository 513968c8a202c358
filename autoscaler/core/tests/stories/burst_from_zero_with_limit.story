# Forty requests at zero with a limit of one: forty pods in one step; the averages add the headroom of 70 percent.
limit 1
pods start 500ms
start initialized phase=Idle
poke 40
load 40 for 20s
wait 5m
