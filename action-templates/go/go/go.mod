module PACK_NAME

go 1.19
