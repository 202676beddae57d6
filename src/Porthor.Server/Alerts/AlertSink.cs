namespace Porthor.Server.Alerts;

/// <summary>
/// Accepts alerts from all parts of the process, before and after the server that sends them has started. Alerts that are raised while no
/// receiver is connected are only in the log.
/// </summary>
internal sealed class AlertSink
{
    private volatile Action<Alert>? receiver;

    /// <summary>Passes an alert to the receiver. It returns quickly and does not throw.</summary>
    public void Raise(Alert alert) => receiver?.Invoke(alert);

    /// <summary>Connects the receiver of alerts; null disconnects it.</summary>
    public void Connect(Action<Alert>? newReceiver) => receiver = newReceiver;
}
