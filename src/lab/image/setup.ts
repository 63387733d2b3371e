import { USER } from '../nodes.ts'
import { LAB_HOME } from './files.ts'
import { INSTALLABLE, KUBECTL_SUITE, REGISTRY } from './packages.ts'

/** The account's password, for rehearsing a sudo that asks for one. */
export const PASSWORD = 'raspberry'

/**
 * Runs in the bare Debian while it is being made and still reaches the mirror. Lines that begin with "step: " are
 * progress.
 */
export function setupScript(mirror: string): string {
  return String.raw`set -eu
export DEBIAN_FRONTEND=noninteractive
home=${LAB_HOME}
work=/tmp/provision-lab
mkdir -p "$home/apt" "$work"
fetch='apt-get -qq -y -o APT::Sandbox::User=root -o Acquire::Languages=none'

echo 'step: fetching the packages that nodes can install'
$fetch update
$fetch -o Dir::Cache::archives="$home/apt" --no-install-recommends --download-only install ${INSTALLABLE.join(' ')}
rm -rf "$home/apt/partial" "$home/apt/lock"

echo 'step: making the registry image'
mkdir "$work/debs" && cd "$work/debs"
$fetch download ${REGISTRY.join(' ')}
mkdir -p "$work/tree/var/lib/registry"
cd "$work/tree"
for deb in ../debs/*.deb; do dpkg-deb -x "$deb" ../unpacked; done
mkdir -p bin etc/docker/registry etc/ssl/certs tmp
cp ../unpacked/bin/busybox bin/
for name in sh cat ls mkdir rm cp mv wget tar du df find; do ln -s busybox "bin/$name"; done
cp ../unpacked/usr/bin/docker-registry bin/registry
ldd bin/registry | grep -o '/[^ ]*' | while read -r library; do cp -L --parents "$library" .; done
cp -L /etc/ssl/certs/ca-certificates.crt etc/ssl/certs/
cat > etc/docker/registry/config.yml << 'END'
version: 0.1
log: {fields: {service: registry}}
storage:
  cache: {blobdescriptor: inmemory}
  filesystem: {rootdirectory: /var/lib/registry}
http: {addr: ':5000', headers: {X-Content-Type-Options: [nosniff]}}
health: {storagedriver: {enabled: true, interval: 10s, threshold: 3}}
END
cat > entrypoint.sh << 'END'
#!/bin/sh
# A configuration file alone means "serve it"; the registry's own commands go to it; others are run as they are.
case $1 in
  *.yaml | *.yml) exec registry serve "$@" ;;
  serve | garbage-collect | help | -*) exec registry "$@" ;;
  *) exec "$@" ;;
esac
END
chmod 755 entrypoint.sh
cd "$work" && mkdir image
tar -C tree --owner=0 --group=0 --numeric-owner --sort=name --mtime=@0 -cf image/layer.tar .
layer=$(sha256sum image/layer.tar | cut -d' ' -f1)
cat > image/config.json << END
{"architecture": "$(dpkg --print-architecture)", "os": "linux", "created": "2023-10-02T18:42:32Z",
 "config": {"Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
  "Entrypoint": ["/entrypoint.sh"], "Cmd": ["/etc/docker/registry/config.yml"],
  "ExposedPorts": {"5000/tcp": {}}, "Volumes": {"/var/lib/registry": {}}},
 "rootfs": {"type": "layers", "diff_ids": ["sha256:$layer"]}}
END
echo '[{"Config": "config.json", "RepoTags": ["registry:2"], "Layers": ["layer.tar"]}]' > image/manifest.json
tar -C image -cf "$home/registry.tar" manifest.json config.json layer.tar

echo 'step: fetching kubectl'
echo 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror} ${KUBECTL_SUITE} main' > "$work/newer.list"
mkdir "$work/lists" "$work/newer" && cd "$work/newer"
newer="$fetch -o Dir::Etc::sourcelist=$work/newer.list -o Dir::Etc::sourceparts=/dev/null -o Dir::State::lists=$work/lists"
newer="$newer -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache="
$newer update
$newer download kubectl
dpkg-deb -x kubectl_*.deb .
cp usr/bin/kubectl "$home/kubectl"

echo 'step: the repository of the nodes'
cd "$home/apt"
for deb in *.deb; do
  dpkg-deb -f "$deb"
  echo "Filename: ./$deb"
  echo "Size: $(stat -c %s "$deb")"
  echo "SHA256: $(sha256sum "$deb" | cut -d' ' -f1)"
  echo
done > Packages
rm -rf "$work"
`
}

/** Runs in the finished Debian, once the lab's own files are in it; needs nothing from outside. */
export const FINISH = String.raw`set -eu
export DEBIAN_FRONTEND=noninteractive
useradd --create-home --shell /bin/bash --groups adm,sudo,dialout,plugdev,users ${USER}
echo '${USER}:${PASSWORD}' | chpasswd
systemctl --quiet enable systemd-timesyncd.service
systemctl --quiet mask getty.target console-getty.service systemd-firstboot.service modprobe@.service dev-hugepages.mount
# Where docker is not needed from the start, its socket starts it.
systemctl --quiet disable docker.service containerd.service
systemctl --quiet disable apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer
# A disk can't be waited for: it is there, or the mount fails at once.
grep -v '^BindsTo=' /lib/systemd/system/systemd-fsck@.service > /etc/systemd/system/systemd-fsck@.service
rm -f /etc/ssh/ssh_host_* /etc/machine-id /var/lib/dbus/machine-id /etc/hostname /etc/resolv.conf
apt-get -qq update
`
