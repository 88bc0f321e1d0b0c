;; Every index of br_tables of each shape that selection tells apart: single indices, runs of equal targets, dense.
(module
  (func (export "points") (param i32) (result i32)
    (block $d (block $c (block $b (block $a (br_table
      $d $d $d $a $d $d $d $d $d $b $d $d $d $d $d $d $c $d
      (local.get 0)))
      (return (i32.const 10))) (return (i32.const 20))) (return (i32.const 30))) (i32.const 40))
  (func (export "runs") (param i32) (result i32)
    (block $d (block $c (block $b (block $a (br_table
      $a $a $a $a $a $a $a $a $b $b $b $b $b $b $b $b $c $c $c $c $c $c $c $c $a $a $a $a $a $a $b $b $b $b $b
      $b $b $c $d
      (local.get 0)))
      (return (i32.const 10))) (return (i32.const 20))) (return (i32.const 30))) (i32.const 40))
  (func (export "dense") (param i32) (result i32)
    (block $d (block $c (block $b (block $a (br_table
      $a $b $a $c $d $a $c $b $a $b $d $c $d
      (local.get 0)))
      (return (i32.const 10))) (return (i32.const 20))) (return (i32.const 30))) (i32.const 40))
  (func (export "one") (param i32) (result i32)
    (block $d (block $c (block $b (block $a (br_table
      $a $a $a $a
      (local.get 0)))
      (return (i32.const 10))) (return (i32.const 20))) (return (i32.const 30))) (i32.const 40))
  (func (export "long") (param i32) (result i32)
    (block $d (block $c (block $b (block $a (br_table
      $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a
      $a $a $a $a $a $a $a $a $a $a $a $d $d $d $d $d $d $d $d $d $d $a $a $a $a $a $a $a $a $a $a $a $a $a $a
      $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $c $c $c $c $b $b $b $b $b $b $b $b $b $b $b $b $b $b
      $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c
      $c $c $c $b $b $b $b $b $b $b $c $c $c $c $c $c $c $c $c $c $c $c $c $c $a $a $a $a $a $a $a $a $a $a $a
      $a $a $a $a $a $a $c $c $c $c $c $c $c $c $c $c $c $c $c $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b
      $b $b $b $b $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $a $a $a $a $a $a $a
      $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $c $c $c
      $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $b $b $b $b $b $b $b $b $b $b $b $b $b
      $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $c $c $c $c $c
      $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c
      $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c
      $c $c $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $d $d $d $d $d $d
      $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d $c $c
      $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $d $d $d $d $d $d $d $d $d
      $d $d $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $c $c $c $a $a $a $d $d $d $d $d $d $d
      $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d $b $b
      $b $b $b $b $b $b $b $b $b $b $b $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a
      $a $a $a $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $c $c $c
      $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c
      $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c
      $c $c $c $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $a $a $a $a $b $b $b $b $b $b $b
      $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c
      $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $a $a $a $c $c $c $c $c $c
      $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $a $a $a $a $a $a $a $a $a $a $a $a $a $a
      $a $a $a $a $a $a $a $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $b $b $b $b $b $b $b
      $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a
      $a $a $a $a $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $c $c
      $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $c $b $b $b
      $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a
      $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a
      $a $a $a $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $c $c $c $c $c $c $c $c
      $c $c $c $c $c $c $c $c $c $c $c $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a $a
      $a $a $a $a $a $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b
      (local.get 0)))
      (return (i32.const 10))) (return (i32.const 20))) (return (i32.const 30))) (i32.const 40))
  (func (export "first") (param i32) (result i32)
    (block $d (block $c (block $b (block $a (br_table
      $a $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d
      (local.get 0)))
      (return (i32.const 10))) (return (i32.const 20))) (return (i32.const 30))) (i32.const 40))
  (func (export "edges") (param i32) (result i32)
    (block $d (block $c (block $b (block $a (br_table
      $a $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $b $c $d $d $d $d $d $d $d $d $d $d $d $d $d $d $d
      $d $d $d $d $d $a
      (local.get 0)))
      (return (i32.const 10))) (return (i32.const 20))) (return (i32.const 30))) (i32.const 40)))
(assert_return (invoke "points" (i32.const 0)) (i32.const 40))
(assert_return (invoke "points" (i32.const 2)) (i32.const 40))
(assert_return (invoke "points" (i32.const 3)) (i32.const 10))
(assert_return (invoke "points" (i32.const 4)) (i32.const 40))
(assert_return (invoke "points" (i32.const 8)) (i32.const 40))
(assert_return (invoke "points" (i32.const 9)) (i32.const 20))
(assert_return (invoke "points" (i32.const 10)) (i32.const 40))
(assert_return (invoke "points" (i32.const 15)) (i32.const 40))
(assert_return (invoke "points" (i32.const 16)) (i32.const 30))
(assert_return (invoke "points" (i32.const 17)) (i32.const 40))
(assert_return (invoke "points" (i32.const 18)) (i32.const 40))
(assert_return (invoke "points" (i32.const 2147483647)) (i32.const 40))
(assert_return (invoke "points" (i32.const 2147483648)) (i32.const 40))
(assert_return (invoke "points" (i32.const 4294967295)) (i32.const 40))
(assert_return (invoke "runs" (i32.const 0)) (i32.const 10))
(assert_return (invoke "runs" (i32.const 7)) (i32.const 10))
(assert_return (invoke "runs" (i32.const 8)) (i32.const 20))
(assert_return (invoke "runs" (i32.const 15)) (i32.const 20))
(assert_return (invoke "runs" (i32.const 16)) (i32.const 30))
(assert_return (invoke "runs" (i32.const 23)) (i32.const 30))
(assert_return (invoke "runs" (i32.const 24)) (i32.const 10))
(assert_return (invoke "runs" (i32.const 29)) (i32.const 10))
(assert_return (invoke "runs" (i32.const 30)) (i32.const 20))
(assert_return (invoke "runs" (i32.const 36)) (i32.const 20))
(assert_return (invoke "runs" (i32.const 37)) (i32.const 30))
(assert_return (invoke "runs" (i32.const 38)) (i32.const 40))
(assert_return (invoke "runs" (i32.const 39)) (i32.const 40))
(assert_return (invoke "runs" (i32.const 2147483647)) (i32.const 40))
(assert_return (invoke "runs" (i32.const 2147483648)) (i32.const 40))
(assert_return (invoke "runs" (i32.const 4294967295)) (i32.const 40))
(assert_return (invoke "dense" (i32.const 0)) (i32.const 10))
(assert_return (invoke "dense" (i32.const 1)) (i32.const 20))
(assert_return (invoke "dense" (i32.const 2)) (i32.const 10))
(assert_return (invoke "dense" (i32.const 3)) (i32.const 30))
(assert_return (invoke "dense" (i32.const 4)) (i32.const 40))
(assert_return (invoke "dense" (i32.const 5)) (i32.const 10))
(assert_return (invoke "dense" (i32.const 6)) (i32.const 30))
(assert_return (invoke "dense" (i32.const 7)) (i32.const 20))
(assert_return (invoke "dense" (i32.const 8)) (i32.const 10))
(assert_return (invoke "dense" (i32.const 9)) (i32.const 20))
(assert_return (invoke "dense" (i32.const 10)) (i32.const 40))
(assert_return (invoke "dense" (i32.const 11)) (i32.const 30))
(assert_return (invoke "dense" (i32.const 12)) (i32.const 40))
(assert_return (invoke "dense" (i32.const 13)) (i32.const 40))
(assert_return (invoke "dense" (i32.const 2147483647)) (i32.const 40))
(assert_return (invoke "dense" (i32.const 2147483648)) (i32.const 40))
(assert_return (invoke "dense" (i32.const 4294967295)) (i32.const 40))
(assert_return (invoke "one" (i32.const 0)) (i32.const 10))
(assert_return (invoke "one" (i32.const 3)) (i32.const 10))
(assert_return (invoke "one" (i32.const 4)) (i32.const 10))
(assert_return (invoke "one" (i32.const 2147483647)) (i32.const 10))
(assert_return (invoke "one" (i32.const 2147483648)) (i32.const 10))
(assert_return (invoke "one" (i32.const 4294967295)) (i32.const 10))
(assert_return (invoke "long" (i32.const 0)) (i32.const 20))
(assert_return (invoke "long" (i32.const 19)) (i32.const 20))
(assert_return (invoke "long" (i32.const 20)) (i32.const 10))
(assert_return (invoke "long" (i32.const 45)) (i32.const 10))
(assert_return (invoke "long" (i32.const 46)) (i32.const 40))
(assert_return (invoke "long" (i32.const 55)) (i32.const 40))
(assert_return (invoke "long" (i32.const 56)) (i32.const 10))
(assert_return (invoke "long" (i32.const 86)) (i32.const 10))
(assert_return (invoke "long" (i32.const 87)) (i32.const 30))
(assert_return (invoke "long" (i32.const 90)) (i32.const 30))
(assert_return (invoke "long" (i32.const 91)) (i32.const 20))
(assert_return (invoke "long" (i32.const 124)) (i32.const 20))
(assert_return (invoke "long" (i32.const 125)) (i32.const 30))
(assert_return (invoke "long" (i32.const 142)) (i32.const 30))
(assert_return (invoke "long" (i32.const 143)) (i32.const 20))
(assert_return (invoke "long" (i32.const 149)) (i32.const 20))
(assert_return (invoke "long" (i32.const 150)) (i32.const 30))
(assert_return (invoke "long" (i32.const 163)) (i32.const 30))
(assert_return (invoke "long" (i32.const 164)) (i32.const 10))
(assert_return (invoke "long" (i32.const 180)) (i32.const 10))
(assert_return (invoke "long" (i32.const 181)) (i32.const 30))
(assert_return (invoke "long" (i32.const 193)) (i32.const 30))
(assert_return (invoke "long" (i32.const 194)) (i32.const 20))
(assert_return (invoke "long" (i32.const 213)) (i32.const 20))
(assert_return (invoke "long" (i32.const 214)) (i32.const 30))
(assert_return (invoke "long" (i32.const 237)) (i32.const 30))
(assert_return (invoke "long" (i32.const 238)) (i32.const 10))
(assert_return (invoke "long" (i32.const 276)) (i32.const 10))
(assert_return (invoke "long" (i32.const 277)) (i32.const 30))
(assert_return (invoke "long" (i32.const 301)) (i32.const 30))
(assert_return (invoke "long" (i32.const 302)) (i32.const 20))
(assert_return (invoke "long" (i32.const 344)) (i32.const 20))
(assert_return (invoke "long" (i32.const 345)) (i32.const 30))
(assert_return (invoke "long" (i32.const 421)) (i32.const 30))
(assert_return (invoke "long" (i32.const 422)) (i32.const 20))
(assert_return (invoke "long" (i32.const 448)) (i32.const 20))
(assert_return (invoke "long" (i32.const 449)) (i32.const 40))
(assert_return (invoke "long" (i32.const 487)) (i32.const 40))
(assert_return (invoke "long" (i32.const 488)) (i32.const 30))
(assert_return (invoke "long" (i32.const 515)) (i32.const 30))
(assert_return (invoke "long" (i32.const 516)) (i32.const 40))
(assert_return (invoke "long" (i32.const 526)) (i32.const 40))
(assert_return (invoke "long" (i32.const 527)) (i32.const 20))
(assert_return (invoke "long" (i32.const 546)) (i32.const 20))
(assert_return (invoke "long" (i32.const 547)) (i32.const 30))
(assert_return (invoke "long" (i32.const 549)) (i32.const 30))
(assert_return (invoke "long" (i32.const 550)) (i32.const 10))
(assert_return (invoke "long" (i32.const 552)) (i32.const 10))
(assert_return (invoke "long" (i32.const 553)) (i32.const 40))
(assert_return (invoke "long" (i32.const 592)) (i32.const 40))
(assert_return (invoke "long" (i32.const 593)) (i32.const 20))
(assert_return (invoke "long" (i32.const 605)) (i32.const 20))
(assert_return (invoke "long" (i32.const 606)) (i32.const 10))
(assert_return (invoke "long" (i32.const 632)) (i32.const 10))
(assert_return (invoke "long" (i32.const 633)) (i32.const 20))
(assert_return (invoke "long" (i32.const 661)) (i32.const 20))
(assert_return (invoke "long" (i32.const 662)) (i32.const 30))
(assert_return (invoke "long" (i32.const 737)) (i32.const 30))
(assert_return (invoke "long" (i32.const 738)) (i32.const 20))
(assert_return (invoke "long" (i32.const 758)) (i32.const 20))
(assert_return (invoke "long" (i32.const 759)) (i32.const 10))
(assert_return (invoke "long" (i32.const 762)) (i32.const 10))
(assert_return (invoke "long" (i32.const 763)) (i32.const 20))
(assert_return (invoke "long" (i32.const 788)) (i32.const 20))
(assert_return (invoke "long" (i32.const 789)) (i32.const 30))
(assert_return (invoke "long" (i32.const 830)) (i32.const 30))
(assert_return (invoke "long" (i32.const 831)) (i32.const 10))
(assert_return (invoke "long" (i32.const 833)) (i32.const 10))
(assert_return (invoke "long" (i32.const 834)) (i32.const 30))
(assert_return (invoke "long" (i32.const 860)) (i32.const 30))
(assert_return (invoke "long" (i32.const 861)) (i32.const 10))
(assert_return (invoke "long" (i32.const 881)) (i32.const 10))
(assert_return (invoke "long" (i32.const 882)) (i32.const 30))
(assert_return (invoke "long" (i32.const 902)) (i32.const 30))
(assert_return (invoke "long" (i32.const 903)) (i32.const 20))
(assert_return (invoke "long" (i32.const 929)) (i32.const 20))
(assert_return (invoke "long" (i32.const 930)) (i32.const 10))
(assert_return (invoke "long" (i32.const 948)) (i32.const 10))
(assert_return (invoke "long" (i32.const 949)) (i32.const 20))
(assert_return (invoke "long" (i32.const 977)) (i32.const 20))
(assert_return (invoke "long" (i32.const 978)) (i32.const 30))
(assert_return (invoke "long" (i32.const 1011)) (i32.const 30))
(assert_return (invoke "long" (i32.const 1012)) (i32.const 20))
(assert_return (invoke "long" (i32.const 1033)) (i32.const 20))
(assert_return (invoke "long" (i32.const 1034)) (i32.const 10))
(assert_return (invoke "long" (i32.const 1087)) (i32.const 10))
(assert_return (invoke "long" (i32.const 1088)) (i32.const 20))
(assert_return (invoke "long" (i32.const 1111)) (i32.const 20))
(assert_return (invoke "long" (i32.const 1112)) (i32.const 30))
(assert_return (invoke "long" (i32.const 1130)) (i32.const 30))
(assert_return (invoke "long" (i32.const 1131)) (i32.const 10))
(assert_return (invoke "long" (i32.const 1159)) (i32.const 10))
(assert_return (invoke "long" (i32.const 1160)) (i32.const 20))
(assert_return (invoke "long" (i32.const 1187)) (i32.const 20))
(assert_return (invoke "long" (i32.const 1188)) (i32.const 20))
(assert_return (invoke "long" (i32.const 2147483647)) (i32.const 20))
(assert_return (invoke "long" (i32.const 2147483648)) (i32.const 20))
(assert_return (invoke "long" (i32.const 4294967295)) (i32.const 20))
(assert_return (invoke "first" (i32.const 0)) (i32.const 10))
(assert_return (invoke "first" (i32.const 1)) (i32.const 40))
(assert_return (invoke "first" (i32.const 21)) (i32.const 40))
(assert_return (invoke "first" (i32.const 22)) (i32.const 40))
(assert_return (invoke "first" (i32.const 2147483647)) (i32.const 40))
(assert_return (invoke "first" (i32.const 2147483648)) (i32.const 40))
(assert_return (invoke "first" (i32.const 4294967295)) (i32.const 40))
(assert_return (invoke "edges" (i32.const 0)) (i32.const 10))
(assert_return (invoke "edges" (i32.const 1)) (i32.const 20))
(assert_return (invoke "edges" (i32.const 18)) (i32.const 20))
(assert_return (invoke "edges" (i32.const 19)) (i32.const 30))
(assert_return (invoke "edges" (i32.const 20)) (i32.const 40))
(assert_return (invoke "edges" (i32.const 39)) (i32.const 40))
(assert_return (invoke "edges" (i32.const 40)) (i32.const 10))
(assert_return (invoke "edges" (i32.const 41)) (i32.const 10))
(assert_return (invoke "edges" (i32.const 2147483647)) (i32.const 10))
(assert_return (invoke "edges" (i32.const 2147483648)) (i32.const 10))
(assert_return (invoke "edges" (i32.const 4294967295)) (i32.const 10))
