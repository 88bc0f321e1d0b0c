;; Loops with clean induction variables, switches by compares and by table.
(module
  (memory 1)
  (func (param i32 i32) (result i32)
    (local $sum i32)
    (loop $l
      (local.set $sum (i32.add (local.get $sum) (i32.load (local.get 0))))
      (local.set 0 (i32.add (local.get 0) (i32.const 4)))
      (br_if $l (i32.ne (local.get 0) (local.get 1))))
    (local.get $sum))
  (func (param i32) (result i32)
    (block $b (block $a (br_table $a $b (local.get 0))) (return (i32.const 10)))
    (i32.const 20))
  (func (param i32) (result i32)
    (block $d (block $c (block $b (block $a
      (br_table $a $b $c $a $b $c $d (local.get 0)))
      (return (i32.const 10)))
      (return (i32.const 20)))
      (return (i32.const 30)))
    (i32.const 40))
  (func (loop $l (br $l))))
