# SPDX-License-Identifier: Apache-2.0
"""What lkboard reads of an image by name: the kernel and its modules' archive."""
from layout import Layer, Layout
from tarball import END, directory, file, hardlink, header, pax, special, symlink
from vectors import vector

KERNEL = file("kernel", "vmlinuz")
MODULES = file("lib/modules/6.1.0/x.ko", "module") + END
TAR = file("kernel.tar", MODULES)


def kernel(name, what, *entries):
    vector(name, what, lambda: Layout([Layer(b"".join(entries) + END)]), role="kernel")


kernel("kernel-plain", "as it should be", KERNEL, TAR)
kernel("kernel-missing", "no kernel at all", TAR)
kernel("kernel-link", "the kernel is a link inside the image", file("boot/vmlinuz", "vmlinuz"),
       symlink("kernel", "boot/vmlinuz"), TAR)
kernel("kernel-link-out", "the kernel is a link to a file of the host",
       symlink("kernel", "../../../../../../etc/passwd"), TAR)
kernel("kernel-link-loop", "the kernel is a link to itself", symlink("kernel", "kernel"), TAR)
kernel("kernel-fifo", "the kernel is a FIFO, which would never end", special("kernel", "6"), TAR)
kernel("kernel-device", "the kernel is /dev/zero", special("kernel", "3", 1, 5), TAR)
kernel("kernel-dir", "the kernel is a directory", directory("kernel"), TAR)
kernel("kernel-hardlink", "the kernel is a further name", file("a", "vmlinuz"),
       hardlink("kernel", "a"), TAR)
kernel("kernel-empty", "the kernel has no bytes", file("kernel", ""), TAR)
kernel("kernel-tar-missing", "no archive of modules", KERNEL)
kernel("kernel-tar-link-self", "the archive is a link to itself", KERNEL,
       symlink("kernel.tar", "kernel.tar"))
kernel("kernel-tar-dir", "the archive is a directory", KERNEL, directory("kernel.tar"))
kernel("kernel-tar-not-tar", "the archive is text", KERNEL, file("kernel.tar", "text" * 300))
kernel("kernel-tar-out", "names in the archive lead out", KERNEL,
       file("kernel.tar", file("../../../etc/passwd", "image's") +
            symlink("up", "../../..") + file("up/tmp/x") + END))
kernel("kernel-tar-root-link", "the archive makes the root a link", KERNEL,
       file("kernel.tar", symlink("./", "/etc") + END))
kernel("kernel-tar-whiteout", "the archive is no layer: a whiteout is a file", KERNEL,
       file("kernel.tar", file(".wh.kernel") + MODULES))
kernel("kernel-tar-nested", "an archive in an archive in an archive is a file", KERNEL,
       file("kernel.tar", file("a.tar", file("b.tar", MODULES) + END) + END))
kernel("kernel-tar-hole", "the archive is a hole of 1 GiB: a block of zeros ends it", KERNEL,
       pax(("GNU.sparse.size", str(1 << 30)), ("GNU.sparse.map", "")), file("kernel.tar", ""))
kernel("kernel-tar-cut", "the archive ends inside a file", KERNEL,
       file("kernel.tar", header(name="f", size=5000)))
kernel("passwd-link", "/etc/passwd is a link out, /etc/group a FIFO: nobody reads them", KERNEL, TAR,
       symlink("etc/passwd", "../../../../etc/passwd"), special("etc/group", "6"))
