using Porthor.Quotas;

namespace Porthor.Server.Configuration;

/// <summary>Reads the configured quotas (contract/userinfo.md 6).</summary>
internal static class QuotaSettings
{
    public static QuotaPlan? Read(SettingsSection settings)
    {
        // A section without a default is ignored as a whole (contract/configuration.md 1).
        if (settings.Section("quota", "default") is not { } section)
            return null;
        var plan = new QuotaPlan
        {
            Default = section.Section("default") is { } quota ? ReadQuota(quota) : Quota.Empty,
            Groups = section.Sections("groups").ToDictionary(group => group.Name, group => ReadQuota(group.Value)),
            Bypass = section.Texts("bypass") ?? [],
        };
        section.Finish();
        return plan;
    }

    private static Quota ReadQuota(SettingsSection section)
    {
        var quota = new Quota
        {
            Api = section.IntegerMap("api"),
            Disk = section.IntegerMap("disk"),
            Notebook = section.Section("notebook") is { } notebook ? ReadNotebook(notebook) : null,
            Tap = section.Sections("tap").ToDictionary(service => service.Name, service => ReadTap(service.Value)),
        };
        section.Finish();
        return quota;
    }

    private static NotebookQuota ReadNotebook(SettingsSection section)
    {
        var cpu = section.Number("cpu");
        var memory = section.Number("memory");
        var spawn = section.Flag("spawn", otherwise: true);
        if (cpu is null)
            _ = section.RequiredText("cpu");
        if (memory is null)
            _ = section.RequiredText("memory");
        section.Finish();
        return new NotebookQuota(cpu ?? 0, memory ?? 0, spawn);
    }

    private static TapQuota ReadTap(SettingsSection section)
    {
        var concurrent = section.Integer("concurrent");
        if (concurrent is null)
            _ = section.RequiredText("concurrent");
        section.Finish();
        return new TapQuota(concurrent ?? 0);
    }
}
