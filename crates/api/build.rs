//! Generates the gRPC code, the descriptor set for reflection, and the table of permissions that the protos declare.
//! Needs no `protoc`: the files are compiled by a library.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use prost::Message as _;
use prost_reflect::DescriptorPool;

const PERMISSION_OPTION: &str = "vardnav.type.v1.permission";

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new("../../proto");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let mut files = Vec::new();
    collect(root, &mut files)?;
    files.sort();

    let mut compiler = protox::Compiler::new([root])?;
    compiler
        .include_imports(true)
        .include_source_info(true)
        .open_files(&files)?;
    let encoded = compiler.encode_file_descriptor_set();
    std::fs::write(out.join("descriptors.bin"), &encoded)?;
    std::fs::write(out.join("permissions.rs"), permissions(&encoded)?)?;

    let set = prost_types::FileDescriptorSet::decode(encoded.as_slice())?;
    tonic_prost_build::configure()
        .include_file("vardnav.rs")
        .bytes(".")
        .compile_fds(set)?;
    println!("cargo::rerun-if-changed=../../proto");
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            files.push(path);
        }
    }
    Ok(())
}

fn permissions(encoded: &[u8]) -> Result<String, Box<dyn Error>> {
    let pool = DescriptorPool::decode(encoded)?;
    let option = pool
        .get_extension_by_name(PERMISSION_OPTION)
        .ok_or("the permission option is missing")?;
    let mut rows = String::from("&[\n");
    for service in pool
        .services()
        .filter(|service| service.package_name().starts_with("vardnav."))
    {
        for method in service.methods() {
            let options = method.options();
            let permission = options.get_extension(&option);
            let permission = permission.as_str().unwrap_or_default();
            writeln!(
                rows,
                "    ({:?}, {permission:?}),",
                format!("/{}/{}", service.full_name(), method.name())
            )?;
        }
    }
    rows.push(']');
    Ok(rows)
}
