/// The catalogue queries of `SchemaGuard`: each returns (object, problem).
extension SchemaGuard {
    /// Every table of a tenant or an organisation is under row-level security and has a policy. Partitions are reached
    /// through their parent only, unless they have a class of their own; that nobody has a grant on them is another check.
    static let rowSecurity: SQL = """
        WITH scoped AS (
            SELECT c.oid, c.relname, c.relrowsecurity FROM pg_class c
            WHERE c.relnamespace = to_regnamespace('app') AND c.relkind IN ('r', 'p')
                AND (obj_description(c.oid, 'pg_class') LIKE '%dist:tenant%'
                    OR NOT c.relispartition AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND NOT a.attisdropped
                        AND a.attname IN ('tenant_id', 'organisation_id')))
        )
        SELECT relname::text, 'row-level security is not enabled' FROM scoped WHERE NOT relrowsecurity
        UNION ALL
        SELECT relname::text, 'row-level security has no policy' FROM scoped
        WHERE relrowsecurity AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = scoped.oid)
        """

    /// An owner is not bound by row-level security.
    static let ownership: SQL = """
        SELECT c.relname::text, 'is owned by ' || pg_get_userbyid(c.relowner) || ', a role that the service uses'
        FROM pg_class c WHERE c.relnamespace = to_regnamespace('app')
            AND pg_get_userbyid(c.relowner) IN ('controlplane_app', 'controlplane_system', current_user)
        UNION ALL
        SELECT p.proname::text, 'is owned by ' || pg_get_userbyid(p.proowner) || ', a role that the service uses'
        FROM pg_proc p WHERE p.pronamespace = to_regnamespace('app')
            AND pg_get_userbyid(p.proowner) IN ('controlplane_app', 'controlplane_system', current_user)
        UNION ALL
        SELECT 'schema', 'is owned by ' || pg_get_userbyid(n.nspowner) || ', a role that the service uses'
        FROM pg_namespace n WHERE n.nspname = 'app'
            AND pg_get_userbyid(n.nspowner) IN ('controlplane_app', 'controlplane_system', current_user)
        """

    /// What the roles of the service must not be able to do.
    static let roles: SQL = """
        WITH served AS (
            SELECT rolname, rolsuper, rolbypassrls, rolcreaterole FROM pg_roles
            WHERE rolname IN ('controlplane_app', 'controlplane_system', current_user)
        )
        SELECT rolname::text, 'is a superuser' FROM served WHERE rolsuper
        UNION ALL
        SELECT rolname::text, 'has BYPASSRLS' FROM served WHERE rolbypassrls AND NOT rolsuper
        UNION ALL
        SELECT rolname::text, 'has CREATEROLE' FROM served WHERE rolcreaterole AND NOT rolsuper
        UNION ALL
        SELECT rolname::text, 'may create objects in the schema app' FROM served
        WHERE NOT rolsuper AND has_schema_privilege(rolname, 'app', 'CREATE')
        UNION ALL
        SELECT served.rolname::text, 'is a member of ' || o.rolname FROM served, pg_roles o
        WHERE NOT served.rolsuper AND o.rolname <> served.rolname
            AND (o.rolname IN ('controlplane_owner', 'controlplane_system', 'controlplane_app')
                OR o.rolsuper OR o.rolbypassrls)
            AND pg_has_role(served.rolname, o.oid, 'MEMBER')
        """

    /// Grants on a partition would go around the parent's policies; grants to PUBLIC would reach every role.
    static let grants: SQL = """
        SELECT c.relname::text, 'is a partition with a grant to '
            || CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(g.grantee) END
        FROM pg_class c, aclexplode(c.relacl) g
        WHERE c.relnamespace = to_regnamespace('app') AND c.relispartition AND g.grantee <> c.relowner
        GROUP BY c.relname, g.grantee
        UNION ALL
        SELECT c.relname::text, 'has a grant to PUBLIC' FROM pg_class c, aclexplode(c.relacl) g
        WHERE c.relnamespace = to_regnamespace('app') AND NOT c.relispartition AND g.grantee = 0
        GROUP BY c.relname
        """

    /// What a sharded database would refuse or punish later: keys, foreign keys, triggers, persistence, sequences. With
    /// row-level security and ownership above, these are all rules of the design's lint; DistributionLintTests proves it.
    static let distribution: SQL = """
        WITH t AS (
            SELECT c.oid, c.relname, c.relispartition, c.relpersistence, c.relforcerowsecurity,
                coalesce(substring(obj_description(c.oid, 'pg_class') FROM 'dist:(\\w+)'), '') AS class,
                a.attnum AS tenant_column, a.atttypid::regtype::text AS tenant_type
            FROM pg_class c
            LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
            WHERE c.relnamespace = to_regnamespace('app') AND c.relkind IN ('r', 'p')
        ), fk AS (
            SELECT t.relname, t.class, t.tenant_column, p.class AS parent_class, p.tenant_column AS parent_column, x.*
            FROM t JOIN pg_constraint x ON x.conrelid = t.oid AND x.contype = 'f' AND x.conparentid = 0
            JOIN t p ON p.oid = x.confrelid
        )
        SELECT relname::text, 'no dist: class in the table comment' FROM t WHERE class = '' AND NOT relispartition
        UNION ALL
        SELECT relname, 'tenant table without tenant_id' FROM t WHERE class = 'tenant' AND tenant_column IS NULL
        UNION ALL
        SELECT relname, 'tenant_id is ' || tenant_type || ', want uuid' FROM t
        WHERE class = 'tenant' AND tenant_type <> 'uuid'
        UNION ALL
        SELECT relname, 'no primary key' FROM t WHERE class IN ('tenant', 'reference')
            AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = t.oid AND i.indisprimary)
        UNION ALL
        SELECT relname, 'unique, primary or exclusion index without tenant_id: ' || i.indexrelid::regclass
        FROM t JOIN pg_index i ON i.indrelid = t.oid
        WHERE class = 'tenant' AND (i.indisunique OR i.indisexclusion)
            AND NOT coalesce(t.tenant_column = ANY (i.indkey::int2[]), false)
        UNION ALL
        SELECT relname, 'foreign key ' || conname || ': ' || CASE parent_class
            WHEN 'tenant' THEN 'tenant_id is not at the same place on both sides'
            ELSE 'the parent is of class "' || parent_class || '"' END
        FROM fk WHERE class = 'tenant' AND parent_class <> 'reference' AND NOT (parent_class = 'tenant'
            AND coalesce(array_position(conkey, tenant_column) = array_position(confkey, parent_column), false))
        UNION ALL
        SELECT relname, 'foreign key ' || conname || ' from a ' || class || ' table to a tenant table' FROM fk
        WHERE class IN ('reference', 'local') AND parent_class = 'tenant'
        UNION ALL
        SELECT relname, 'foreign key ' || conname || ' sets columns to NULL or a default with tenant_id in the key'
        FROM fk WHERE class = 'tenant' AND tenant_column = ANY (conkey)
            AND (confdeltype IN ('n', 'd') OR confupdtype IN ('n', 'd'))
        UNION ALL
        SELECT relname, 'trigger ' || tgname FROM t JOIN pg_trigger g ON g.tgrelid = t.oid AND NOT g.tgisinternal
        WHERE class = 'tenant'
        UNION ALL
        SELECT relname, 'UNLOGGED' FROM t WHERE class = 'tenant' AND relpersistence = 'u'
        UNION ALL
        SELECT relname, 'FORCE ROW LEVEL SECURITY: a separate owner does the same and lets shards move' FROM t
        WHERE class = 'tenant' AND relforcerowsecurity
        UNION ALL
        SELECT relname, 'int2 or int4 sequence on ' || a.attname || ': bigint only'
        FROM t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0
        LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = a.attnum
        WHERE class IN ('tenant', 'reference') AND a.atttypid IN ('int2'::regtype, 'int4'::regtype)
            AND (a.attidentity <> '' OR pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%')
        """
}
