;; Regions in regions: one action record for each clause, a chain goes on into the one of the region around it. The
;; legacy form makes the same tables.
(module
  (tag $e (param i32))
  (tag (param i64))
  (func $f)
  (func $nested (export "nested")
    (block $all
      (block $long (result i64)
        (block $short (result i32)
          (try_table (catch $e $short) (catch 1 $long)
            (call $f)
            (try_table
              (call $f)
              (try_table (catch_all $all)
                (call $f))))
          (return))
        (drop)
        (return))
      (drop)))
  (func $cleanup (export "cleanup")
    try
      call $f
    catch_all
      call $f
      rethrow 0
    end))
