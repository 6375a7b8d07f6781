//! Matrices of fleets of every size.

use super::*;

fn loads(count: usize, system: &str, seconds: f64) -> Vec<Load> {
    (0..count).map(|at| Load { attr: format!("{system}.{at}"), system: system.to_owned(), seconds }).collect()
}

fn config(text: &str) -> CiConfig {
    toml::from_str(text).unwrap()
}

/// Every selector of every row, sorted.
fn told(matrix: &Matrix) -> Vec<&str> {
    let mut told: Vec<&str> = matrix.include.iter().flat_map(|row| row.only.split(',')).collect();
    told.sort_unstable();
    told
}

#[test]
fn as_many_rows_as_github_takes_and_each_output_once() {
    let check = |count: usize, rows: usize| {
        let loads = loads(count, "x86_64-linux", 1000.0);
        let matrix = Matrix::of(&loads, &CiConfig::default()).unwrap();
        assert_eq!(matrix.include.len(), rows, "{count}");
        if rows > 1 {
            let mut all: Vec<&str> = loads.iter().map(|load| load.attr.as_str()).collect();
            all.sort_unstable();
            assert_eq!(told(&matrix), all);
        }
        let mut names: Vec<&str> = matrix.include.iter().map(|row| row.name.as_str()).collect();
        names.dedup();
        assert_eq!(names.len(), rows);
    };
    check(1, 1);
    check(2, 2);
    check(256, 256);
    check(257, 256);
    check(3000, 256);
    assert!(Matrix::of(&[], &CiConfig::default()).unwrap_err().to_string().contains("never a success"));
}

#[test]
fn systems_share_what_github_takes() {
    let fleet = [loads(300, "x86_64-linux", 1000.0), loads(2, "aarch64-linux", 1.0)].concat();
    let matrix = Matrix::of(&fleet, &CiConfig::default()).unwrap();
    let of = |system: &str| matrix.include.iter().filter(|row| row.system == system).count();
    assert_eq!((of("x86_64-linux"), of("aarch64-linux")), (255, 1));
}

#[test]
fn nothing_is_built_on_a_foreign_system() {
    let systems = ["x86_64-linux", "aarch64-linux", "aarch64-darwin"];
    let fleet: Vec<Load> = systems.iter().flat_map(|system| loads(5, system, 700.0)).collect();
    let matrix = Matrix::of(&fleet, &CiConfig::default()).unwrap();
    assert_eq!(matrix.include.len(), 15);
    for row in &matrix.include {
        assert!(row.only.split(',').all(|attr| attr.starts_with(&format!("{}.", row.system))), "{row:?}");
        assert_eq!(Some(&row.runner), CiConfig::default().runner(&row.system).as_ref());
    }
}

#[test]
fn the_first_machine_of_each_system_stands_for_it() {
    let fleet = [loads(3, "x86_64-linux", 700.0), loads(1, "aarch64-linux", 1.0)].concat();
    let matrix = Matrix::of(&fleet, &config("allowed_to_fail = ['aarch64-linux']")).unwrap();
    let first: Vec<bool> = matrix.include.iter().map(|row| row.first).collect();
    assert_eq!(first, [true, true, false, false]);
    assert_eq!(matrix.spread_systems(), ["x86_64-linux"]);
    let row = |row: &Row| format!("{} {} {} {}", row.name, row.only, row.first, row.allowed_to_fail);
    let systems: Vec<String> = matrix.systems().include.iter().map(row).collect();
    assert_eq!(systems, ["aarch64-linux *:* true true", "x86_64-linux *:* true false"]);
    assert!(Matrix::default().systems().is_empty());
}

#[test]
fn what_the_owner_says_of_systems() {
    let fleet = [loads(1, "x86_64-linux", 1.0), loads(1, "riscv64-linux", 1.0)].concat();
    let rows = |text: &str| {
        let row =
            |row: &Row| format!("{} {} {}", row.name, serde_json::to_string(&row.runner).unwrap(), row.allowed_to_fail);
        Matrix::of(&fleet, &config(text)).map(|matrix| matrix.include.iter().map(row).collect::<Vec<_>>())
    };
    let check = |text: &str, expected: &[&str]| assert_eq!(rows(text).unwrap(), expected, "{text}");
    check("excluded = [\"riscv64-linux\"]", &["x86_64-linux \"ubuntu-latest\" false"]);
    check("excluded = [\"riscv64-linux\", \"x86_64-linux\"]", &[]);
    check(
        "allowed_to_fail = [\"riscv64-linux\"]\n[runners]\nriscv64-linux = [\"self-hosted\", \"rv\"]\nx86_64-linux = \"big\"",
        &["riscv64-linux [\"self-hosted\",\"rv\"] true", "x86_64-linux \"big\" false"],
    );
    let refuse = |text: &str, expected: &str| {
        let error = rows(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    refuse("", "no runner is known for riscv64-linux: write one into `[ci.runners]`");
    refuse("excluded = [\"risc64-linux\"]", "`ci.excluded` of xtask.toml names `risc64-linux`: no output is for it");
    refuse("allowed_to_fail = [\"darwin\"]", "`ci.allowed_to_fail` of xtask.toml names `darwin`");
}

#[test]
fn machines_are_by_measured_seconds() {
    let check = |seconds: f64, text: &str, expected: usize| {
        let rows = Matrix::of(&loads(10, "x86_64-linux", seconds), &config(text)).unwrap().include.len();
        assert_eq!(rows, expected, "{seconds} {text}");
    };
    check(1.0, "", 1);
    check(60.0, "", 1);
    check(61.0, "", 2);
    check(1.0, "seconds_per_machine = 5", 2);
    check(0.0, "", 1);
    check(0.0, "seconds_per_machine = 0", 10);
}

#[test]
fn a_matrix_that_github_would_not_take_is_one_machine_a_system() {
    let mut fleet = loads(3000, "x86_64-linux", 10.0);
    let matrix = Matrix::of(&fleet, &CiConfig::default()).unwrap();
    assert_eq!(matrix.include.len(), 50);
    fleet.iter_mut().for_each(|load| load.attr = format!("{:0>200}", load.attr));
    let matrix = Matrix::of(&fleet, &CiConfig::default()).unwrap();
    assert_eq!((matrix.include.len(), told(&matrix)), (1, vec![EVERYTHING]));
    assert!(matrix.characters() < MOST_CHARACTERS);
}

#[test]
fn a_comma_in_a_name_is_no_end_of_it() {
    let mut fleet = loads(2, "x86_64-linux", 1000.0);
    fleet[0].attr = "packages.\"a,b\"".to_owned();
    assert_eq!(Matrix::of(&fleet, &CiConfig::default()).unwrap().include[0].only, "packages.\"a?b\"");
}
