# enable-scale-to-zero off: the last pod stays, and one comes back where there is none.
config enable-scale-to-zero false
pods start 20ms
start initialized phase=Idle
wait 1s
load 1 for 1s
wait 5m
config enable-scale-to-zero true
wait 5m
