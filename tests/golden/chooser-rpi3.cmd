echo lkboard: chooser for board rpi3
setenv kernel_comp_addr_r 0x10000000
setenv kernel_comp_size 0x04000000
setenv lkb_kernel 0x00200000
setenv lkb_fdt 0x08000000
setenv lkb_initrd 0x08100000
setenv lkb_block 0x0f000000
setenv lkb_card 0
if test "${devtype}" = mmc; then setenv lkb_card ${devnum}; fi
mmc dev ${lkb_card}
setenv lkb_seq
setenv lkb_slot A
setenv lkb_reason no-record
for lkb_sector in 2000 4000; do
  setenv seq
  setenv slot
  setenv reason none
  if mmc read ${lkb_block} ${lkb_sector} 8 && env import -c ${lkb_block} 1000 seq slot reason; then
    if test -n "${seq}"; then if test "${slot}" = A || test "${slot}" = B; then
      if test -z "${lkb_seq}" || itest ${seq} -gt ${lkb_seq}; then
        setenv lkb_seq ${seq}
        setenv lkb_slot ${slot}
        setenv lkb_reason ${reason}
      fi
    fi; fi
  fi
done
if test -n "${lkb_seq}"; then
  echo lkboard: record ${lkb_seq} says slot ${lkb_slot}, reason ${lkb_reason}
else
  echo lkboard: no valid state record, using slot A
fi
setenv lkb_part 2
if test "${lkb_slot}" = B; then setenv lkb_part 3; fi
setenv t_version
setenv t_board
setenv t_nblk
setenv t_hash
setenv t_console
setenv t_cmdline
setenv lkb_why "there is no partition ${lkb_part}"
if part uuid mmc ${lkb_card}:${lkb_part} lkb_uuid && part start mmc ${lkb_card} ${lkb_part} lkb_at && part size mmc ${lkb_card} ${lkb_part} lkb_size; then
  setexpr lkb_at ${lkb_at} + ${lkb_size}
  setexpr lkb_at ${lkb_at} - 8
  setenv lkb_why "its trailer is not valid"
  if mmc read ${lkb_block} ${lkb_at} 8 && env import -c ${lkb_block} 1000 t_version t_board t_nblk t_hash t_console t_cmdline; then
    setenv lkb_why "it was made for board ${t_board}"
    if test "${t_board}" = rpi3; then setenv lkb_why; fi
  fi
fi
if test -z "${lkb_why}"; then
  setenv lkb_why "no /boot/dtb/${fdtfile}"
  if load mmc ${lkb_card}:${lkb_part} ${lkb_fdt} /boot/dtb/${fdtfile}; then
    setenv lkb_why "no /boot/initrd.img"
    if load mmc ${lkb_card}:${lkb_part} ${lkb_initrd} /boot/initrd.img; then
      setenv lkb_initrd ${lkb_initrd}:${filesize}
      setenv lkb_why "no /boot/kernel.gz"
      if load mmc ${lkb_card}:${lkb_part} ${lkb_kernel} /boot/kernel.gz; then setenv lkb_why; fi
    fi
  fi
fi
if test -z "${lkb_why}"; then
  setenv lkb_words "console=ttyS1,115200 panic=10"
  if test "${t_console}" = spec; then setenv lkb_words "panic=10"; fi
  HUSH_NO_EVAL=1
  setenv bootargs ${lkb_words} lkb.slot=${lkb_slot} lkb.root=PARTUUID=${lkb_uuid} lkb.version=${t_version} lkb.verity=${t_hash} lkb.blocks=${t_nblk} lkb.reason=${lkb_reason} ${t_cmdline}
  HUSH_NO_EVAL=0
  echo lkboard: starting slot ${lkb_slot}, version ${t_version}
  booti ${lkb_kernel} ${lkb_initrd} ${lkb_fdt}
  setenv lkb_why "U-Boot cannot start the kernel"
fi
echo "lkboard: slot ${lkb_slot} does not start: ${lkb_why}"
echo "lkboard: stopped; Ctrl-C leaves this script"
while sleep 3600; do true; done
