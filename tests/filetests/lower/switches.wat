;; br_table: a chain for single indices, binary search over runs of equal targets, a table where it is dense.
(module
  (func (param i32) (result i32)
    (block $d (block $c (block $b (block $a
      (br_table $d $d $d $a $d $d $d $d $d $b $d $d $d $d $d $d $c $d (local.get 0)))
      (return (i32.const 10)))
      (return (i32.const 20)))
      (return (i32.const 30)))
    (i32.const 40))
  (func (param i32) (result i32)
    (block $d (block $c (block $b (block $a
      (br_table $a $a $a $a $a $a $a $a $b $b $b $b $b $b $b $b $c $c $c $c $c $c $c $c
        $a $a $a $a $a $a $b $b $b $b $b $b $b $c $d (local.get 0)))
      (return (i32.const 10)))
      (return (i32.const 20)))
      (return (i32.const 30)))
    (i32.const 40))
  (func (param i32) (result i32)
    (block $d (block $c (block $b (block $a
      (br_table $a $b $a $c $d $a $c $b $a $b $d $c $d (local.get 0)))
      (return (i32.const 10)))
      (return (i32.const 20)))
      (return (i32.const 30)))
    (i32.const 40))
  (func (param i32) (result i32)
    (block $a (br_table $a $a $a $a (local.get 0)))
    (i32.const 40)))
