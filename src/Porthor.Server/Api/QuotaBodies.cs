using System.Text.Json;
using Porthor.Quotas;
using Porthor.Server.Api.Validation;

namespace Porthor.Server.Api;

/// <summary>Reads quotas from a body. Unknown fields are errors, because a mistyped limit would have no effect.</summary>
internal static class QuotaBodies
{
    public static QuotaPlan ReadPlan(JsonFields body)
    {
        var plan = new QuotaPlan
        {
            Default = body.Object("default", ReadQuota) ?? Quota.Empty,
            Groups = body.Map("groups", (fields, name) => fields.Object(name, ReadQuota) ?? Quota.Empty),
            Bypass = body.TextSet("bypass"),
        };
        body.Only("default", "groups", "bypass");
        return plan;
    }

    private static Quota ReadQuota(JsonFields fields)
    {
        var quota = new Quota
        {
            Api = fields.Map("api", ReadInteger),
            Disk = fields.Map("disk", ReadInteger),
            Notebook = fields.Find("notebook") is null or { ValueKind: JsonValueKind.Null }
                ? null
                : fields.Object("notebook", ReadNotebook),
            Tap = fields.Map("tap", (entries, name) => entries.Object(name, ReadTap) ?? new TapQuota(0)),
        };
        fields.Only("api", "disk", "notebook", "tap");
        return quota;
    }

    private static NotebookQuota ReadNotebook(JsonFields fields)
    {
        var quota = new NotebookQuota(fields.RequiredNumber("cpu"), fields.RequiredNumber("memory"), fields.Flag("spawn", otherwise: true));
        fields.Only("cpu", "memory", "spawn");
        return quota;
    }

    private static TapQuota ReadTap(JsonFields fields)
    {
        var quota = new TapQuota(fields.Required("concurrent") is { } value ? fields.Integer(value, fields.Where("concurrent")) : 0);
        fields.Only("concurrent");
        return quota;
    }

    private static long ReadInteger(JsonFields entries, string name) => entries.Integer(entries.Find(name)!.Value, entries.Where(name));
}
