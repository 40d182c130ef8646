echo lkboard: loader for board rpi3
setenv kernel_comp_addr_r 0x10000000
setenv kernel_comp_size 0x04000000
setenv lkb_kernel 0x00200000
setenv lkb_fdt 0x08000000
setenv lkb_initrd 0x14000000
setenv bootargs
mw.l 0x0f000000 0x746f6f62
mw.l 0x0f000004 0x73677261
mw.b 0x0f000008 0x3d
setenv lkb_why "no /cmdline.txt"
if load ${devtype} ${devnum}:${distro_bootpart} 0x0f000009 cmdline.txt; then
  setexpr lkb_size ${filesize} + 9
  env import -t -r 0x0f000000 ${lkb_size} bootargs
  setenv lkb_why "no /dtb/${fdtfile}"
  if load ${devtype} ${devnum}:${distro_bootpart} ${lkb_fdt} dtb/${fdtfile}; then
    setenv lkb_why "no /initrd.img"
    if load ${devtype} ${devnum}:${distro_bootpart} ${lkb_initrd} initrd.img; then
      setenv lkb_initrd ${lkb_initrd}:${filesize}
      setenv lkb_why "no /kernel.gz"
      if load ${devtype} ${devnum}:${distro_bootpart} ${lkb_kernel} kernel.gz; then
        booti ${lkb_kernel} ${lkb_initrd} ${lkb_fdt}
        setenv lkb_why "U-Boot cannot start the kernel"
      fi
    fi
  fi
fi
echo "lkboard: it does not start: ${lkb_why}"
echo "lkboard: stopped; Ctrl-C leaves this script"
while sleep 3600; do true; done
