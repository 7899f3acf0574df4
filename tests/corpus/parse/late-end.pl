rule t{;
layer p